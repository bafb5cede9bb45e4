/** Flags that several commands share. */
export const FILE = { type: 'texts', short: 'f', summary: 'resource file or folder', placeholder: 'PATH' } as const;
