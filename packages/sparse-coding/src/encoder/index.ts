export { LISTA, type ListaFromDictionaryOptions, type ListaOptions } from "./lista.js";
