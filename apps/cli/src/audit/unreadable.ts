/** Compared in place of what the store cannot read. */
export const UNREADABLE = 'its rows cannot be read'
