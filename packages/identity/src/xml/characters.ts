/** Control characters, but tab, the line ends and those that XML 1.0 §2.2 only advises against; two that are none. */
const NO_XML_CHARACTER = /[^\P{Cc}\t\n\r\u007f-\u009f]|[\ufffe\uffff]/u

/** Whether XML 1.0 has all of these characters. Half a character does not occur in text that was UTF-8. */
export function isXmlText(text: string): boolean {
  return !NO_XML_CHARACTER.test(text)
}
