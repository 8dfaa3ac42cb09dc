import { runMeasurement } from './measurement-core.js';

const words = (list) => list?.join(',');

export function measure({ without, domains, search } = {}) {
  if (typeof window == 'undefined' || typeof document == 'undefined') return;
  runMeasurement({
    dataset: { without: words(without), domains: words(domains), search: words(search) },
  });
}
