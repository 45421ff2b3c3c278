// A door of its own (`@quorate/config/version`): the command line names its version without loading the settings.

/** The version of the product: that of package.json, which a test compares. */
export const VERSION = '0.1.0'
