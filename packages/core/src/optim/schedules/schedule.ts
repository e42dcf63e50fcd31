/** Learning rate of a step; steps count from 0. */
export type Schedule = (step: number) => number;
