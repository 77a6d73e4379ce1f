/** The release whose documents the personality follows. */
export const FLUENT_BIT_VERSION = '5.0.9'
