const escape = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1')

/** JSON pointer to a member. */
export const pointer = (...path: (string | number)[]): string => path.map((part) => `/${escape(String(part))}`).join('')
