/** How much of XML a reader takes. */
export interface XmlRules {
  /**
   * `plain`: tags of lower-case letters, text, the five predefined entities. `full`: also attributes, comments, CDATA
   * sections, processing instructions and numeric references. DOCTYPE is never taken.
   */
  readonly syntax: 'plain' | 'full'
  /** Levels of elements inside each other. */
  readonly maxDepth: number
  readonly maxElements: number
}
