/** Texts that are sealed, not only signed (AES-256-GCM): who lacks the key can neither read nor change them. */
import { createCipheriv, createDecipheriv } from 'node:crypto'

const ivBytes = 12
const tagBytes = 16

/** @param iv 12 random bytes that were never used with this key before. @returns base64url */
export function sealText(key: Uint8Array, text: string, iv: Uint8Array): string {
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: tagBytes })
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([iv, sealed, cipher.getAuthTag()]).toString('base64url')
}

/** Null = not sealed with this key, or changed since. */
export function openText(key: Uint8Array, sealed: string): string | null {
  const bytes = Buffer.from(sealed, 'base64url')
  // One spelling of each: what is bound to a sealed text is bound to its letters.
  if (bytes.length <= ivBytes + tagBytes || bytes.toString('base64url') !== sealed) return null
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, ivBytes), { authTagLength: tagBytes })
  decipher.setAuthTag(bytes.subarray(-tagBytes))
  try {
    return decipher.update(bytes.subarray(ivBytes, -tagBytes), undefined, 'utf8') + decipher.final('utf8')
  } catch {
    return null
  }
}
