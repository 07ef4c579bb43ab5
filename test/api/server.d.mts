export const base: string;
export function mint(subject: string, ...roles: string[]): string;
