export { ERROR_CODES, InformError, type ErrorCode } from './errors.js';
export type { Message, MessagesSample, InstructionSample, Role, Sample, SampleId } from './input/sample.js';
export type { ModelOptions } from './options/table.js';
export {
  RewardModel,
  type LoadOptions,
  type LoadProgress,
  type Rejection,
  type ScoreAllOptions,
  type ScoreOptions,
  type ScoreResult,
} from './scoring/reward-model.js';
export type { DeviceLayers, ModelInfo } from './scoring/loaded-model.js';
export type { ModelSizes } from './addon/load-addon.js';
export { inspectModel, type ModelReport } from './models/inspect.js';
export { findDevices, type DeviceReport } from './addon/device-report.js';
