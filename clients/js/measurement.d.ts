/** Sends GA4's events of enhanced measurement. Does nothing on a server, or if it runs already. */
export function measure(options?: MeasurementOptions): void;

export type Kind = 'scroll' | 'outbound' | 'downloads' | 'search' | 'video' | 'forms';

export interface MeasurementOptions {
  /** What not to measure. */
  without?: Kind[];
  /** Your other domains: links to them are not outbound. */
  domains?: string[];
  /** Query parameters with the search term. Default: q, s, search, query, keyword. */
  search?: string[];
}
