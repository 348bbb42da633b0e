/** How far a conversion is, in bytes of the checkpoint's weights. */
export interface ConvertProgress {
  readonly bytesDone: number;
  readonly totalBytes: number;
}
