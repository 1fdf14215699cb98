/** /v1/categories/...: from which age the items of whole categories may be shown, and which are sensitive. */
import { Type } from 'typebox'
import type { Engine } from '../engine-api.ts'
import type { App } from './typed-app.ts'

const Category = Type.String({ minLength: 1, maxLength: 300 })
const Audience = Type.String({
  pattern: '^(all|adult|\\d|1\\d|2[01])$',
  description: 'all, adult, or an age from 0 to 21',
})
const Audiences = Type.Object({
  audiences: Type.Array(Type.Object({ category: Category, audience: Audience })),
})
const Stated = Type.Object(
  {
    audiences: Type.Array(
      Type.Object(
        { category: Category, audience: Type.Union([Audience, Type.Null()]) },
        { additionalProperties: false },
      ),
      { maxItems: 10_000, description: 'null takes a rating away; categories that are not named keep theirs.' },
    ),
  },
  { additionalProperties: false },
)
const Sensitive = Type.Object({ categories: Type.Array(Category) })
const Marked = Type.Object(
  {
    categories: Type.Array(
      Type.Object({ category: Category, sensitive: Type.Boolean() }, { additionalProperties: false }),
      { maxItems: 10_000, description: 'Categories that are not named stay as they are.' },
    ),
  },
  { additionalProperties: false },
)
const tags = ['items']

export function categoryRoutes(app: App, engine: Engine): void {
  const { catalogue } = engine
  const url = '/v1/categories/audiences'
  const answered = { 200: Audiences }
  app.get(url, { schema: { tags, response: answered }, config: { action: 'items.read' } }, async () => ({
    audiences: [...(await catalogue.audiences())],
  }))
  app.put(
    url,
    { schema: { tags, body: Stated, response: answered }, config: { action: 'items.write' } },
    async (request) => {
      await catalogue.rateCategories(request.body.audiences)
      return { audiences: [...(await catalogue.audiences())] }
    },
  )
  sensitiveRoutes(app, engine)
}

function sensitiveRoutes(app: App, { catalogue }: Engine): void {
  const url = '/v1/categories/sensitive'
  const answered = { 200: Sensitive }
  app.get(url, { schema: { tags, response: answered }, config: { action: 'items.read' } }, async () => ({
    categories: [...(await catalogue.sensitiveCategories())],
  }))
  app.put(
    url,
    { schema: { tags, body: Marked, response: answered }, config: { action: 'items.write' } },
    async (request) => {
      await catalogue.markCategories(request.body.categories)
      return { categories: [...(await catalogue.sensitiveCategories())] }
    },
  )
}
