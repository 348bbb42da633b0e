/** A processor that a backend of llama.cpp offers. */
export interface Device {
  /** llama.cpp's name for it, such as "CUDA0", as the option `devices` takes it. */
  name: string;
  description: string;
  /** "CPU", "CUDA", "Vulkan", "Metal" */
  backend: string;
  /** Identifier of the hardware, such as its PCI address; '' where that is not known. */
  id: string;
  type: 'cpu' | 'gpu' | 'igpu' | 'accelerator' | 'other';
  /** Free memory in bytes. */
  memoryFree: number;
  /** Memory in bytes. */
  memoryTotal: number;
  /** Instruction sets and other features, in ggml's words. */
  features: string[];
}
