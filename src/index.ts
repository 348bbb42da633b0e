export { ERROR_CODES, InformError, type ErrorCode } from './errors.js';
export type { Message, MessagesSample, InstructionSample, Role, Sample, SampleId } from './sample.js';
export type { ModelOptions } from './options.js';
export {
  RewardModel,
  type DeviceLayers,
  type LoadOptions,
  type LoadProgress,
  type ModelInfo,
  type Rejection,
  type ScoreAllOptions,
  type ScoreOptions,
  type ScoreResult,
} from './reward-model.js';
export { inspectModel, type ModelReport } from './inspect.js';
export { findDevices, type DeviceReport } from './devices.js';
