/** What the download of everything says around what is stored, in English: a table by its holder's title, a field by its name. */
export interface ExportWords {
  readonly title: string
  /** `time` = ISO 8601. */
  readonly lead: (time: string) => string
  /** By table; absent = as its holder says it (`Holder.title`). */
  readonly sections: Readonly<Record<string, string>>
  /** By field of a row (`Holder.shown`); absent = its name. What stands inside is as the shop named it. */
  readonly fields: Readonly<Record<string, string>>
}

export const exportInEnglish: ExportWords = {
  title: 'Everything that is stored about you',
  lead: (time) => `As of ${time}. You are known here by:`,
  sections: {},
  fields: {},
}
