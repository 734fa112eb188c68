/* A word at the head of something, or inside a sentence. */

/** "pool" stands inside sentences; at the head of a column or a field it begins with a capital. */
export const heading = (word: string) => word.charAt(0).toUpperCase() + word.slice(1)

/** "Pool" as a word of a sentence: "pool". What is written in capitals, such as "QR code", stays. */
export const within = (word: string) => (/^[A-Z][a-z]/.test(word) ? word.charAt(0).toLowerCase() + word.slice(1) : word)
