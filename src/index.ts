export type { Device } from './addon/device.js';
export { findDevices, type BackendReport, type DeviceReport } from './addon/device-report.js';
export type { ModelSizes } from './addon/load-addon.js';
export { ERROR_CODES, InformError, type ErrorCode } from './errors.js';
export type { ConversionType, WantedType } from './gguf/model-types.js';
export type { ReadToken } from './gguf/scoring-rules.js';
export type { AnySample, InstructionSample, Message, MessagesSample, Role, Sample, SampleId } from './input/sample.js';
export type { ConfirmDownload, DownloadPlan } from './models/confirm-download.js';
export type { ModelReport, Token } from './models/inspect.js';
export { inspectModel, type InspectOptions } from './models/inspect-model.js';
export type { ModelOptions } from './options/model-options.js';
export type { DeviceLayers, ModelInfo } from './scoring/loaded-model.js';
export {
  RewardModel,
  type LoadOptions,
  type LoadProgress,
  type Rejection,
  type ScoreAllOptions,
  type ScoreOptions,
  type ScoreResult,
} from './scoring/reward-model.js';
export type { ProgressStatus } from './util/progress-status.js';
