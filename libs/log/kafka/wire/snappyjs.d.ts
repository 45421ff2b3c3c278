declare module 'snappyjs' {
  export function uncompress(compressed: Buffer, maxLength?: number): Buffer
}
