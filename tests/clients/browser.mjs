// The SDKs for browsers, as a shop bundles them. A page starts one with the URL of its gateway.
import { AnalyticsBrowser } from '@segment/analytics-next';
import { RudderAnalytics } from '@rudderstack/analytics-js/bundled';

const calls = (analytics) => {
  analytics.page('Shop', { plan: 'pro' });
  analytics.identify('user-1', { email: 'ada@example.com' });
  analytics.track('Order Completed', {
    order_id: 'T-1', revenue: 25.5, currency: 'EUR', products: [{ product_id: 'SKU-1', price: 25.5, quantity: 1 }],
  });
  analytics.group('team-1', { name: 'Team' });
  analytics.alias('user-2');
  for (let i = 0; i < 10; i++) analytics.track(`Step ${i}`);
};

window.startSegment = (writeKey, url, options) => {
  calls(AnalyticsBrowser.load({ writeKey, cdnURL: url }, options));
};

window.startRudderStack = (writeKey, url, options) => {
  const analytics = new RudderAnalytics();
  analytics.load(writeKey, url, { configUrl: url, ...options });
  calls(analytics);
};
