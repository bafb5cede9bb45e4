// Loaded when it is needed. By way of a module of ours: a bundle gives a CommonJS package that is imported by name at run
// time nothing but its default.
export { parse, stringify } from 'yaml';
