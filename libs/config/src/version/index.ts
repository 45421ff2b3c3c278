// A separate entry (`@quorate/config/version`): the command line prints its version without loading the settings.

/** The version of the product, equal to that of package.json (tested). */
export const VERSION = '0.1.0'
