/** Conditions on items as requests and rules state them: like the engine's, with prices as decimal amounts. */
import { Type } from 'typebox'
import { fromMinorUnits, type ItemFilter, toMinorUnits } from '../engine-api.ts'

const value = Type.Union([Type.String({ maxLength: 2000 }), Type.Number(), Type.Boolean()])

export const WireFilter = Type.Object(
  {
    categories: Type.Optional(
      Type.Array(Type.String({ maxLength: 300 }), { maxItems: 100, description: 'In any of these categories.' }),
    ),
    attributes: Type.Optional(
      Type.Record(Type.String({ maxLength: 200 }), Type.Union([value, Type.Array(value, { maxItems: 100 })]), {
        description: 'For each name, the attribute has the value, or one of the values.',
      }),
    ),
    price: Type.Optional(
      Type.Object(
        { min: Type.Optional(Type.Number({ minimum: 0 })), max: Type.Optional(Type.Number({ minimum: 0 })) },
        { additionalProperties: false, description: "Decimal, in the shop's currency; both bounds are included." },
      ),
    ),
  },
  { additionalProperties: false },
)
export type WireFilter = Type.Static<typeof WireFilter>

export function toFilter(wire: WireFilter, currency: string): ItemFilter {
  const { price, ...rest } = wire
  if (!price) return rest
  return {
    ...rest,
    price: {
      ...(price.min === undefined ? {} : { min: toMinorUnits(price.min, currency) }),
      ...(price.max === undefined ? {} : { max: toMinorUnits(price.max, currency) }),
    },
  }
}

export function fromFilter(filter: ItemFilter, currency: string): WireFilter {
  const { price, ...rest } = filter
  if (!price) return rest as WireFilter
  return {
    ...rest,
    price: {
      ...(price.min === undefined ? {} : { min: fromMinorUnits(price.min, currency) }),
      ...(price.max === undefined ? {} : { max: fromMinorUnits(price.max, currency) }),
    },
  } as WireFilter
}
