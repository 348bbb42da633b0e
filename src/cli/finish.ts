/** How a command says its exit code; one that does not is done (0). */
export type Finish = (exitCode: number) => void;
