// Sends a few events with each SDK from npm to the gateway at the URL in the first argument. Prints
// what went wrong, as JSON by the name of the SDK.
import { Analytics } from '@segment/analytics-node';
import { jitsuAnalytics } from '@jitsu/js';
import RudderAnalytics from '@rudderstack/rudder-sdk-node';
import {
  buildPageView, buildSelfDescribingEvent, newTracker,
} from '@snowplow/node-tracker';
import { Umami } from '@umami/node';
import MatomoTracker from 'matomo-tracker';
import { PostHog } from 'posthog-node';

const gateway = process.argv[2];
const product = { product_id: 'TIDE-350', name: 'Tidewater mug', price: 29.9, quantity: 2 };
const order = (id) => ({ order_id: id, revenue: 59.8, currency: 'EUR', products: [product] });

const sdks = {
  async '@segment/analytics-node'(user) {
    const analytics = new Analytics({ writeKey: 'server-write-key', host: gateway });
    analytics.identify({ userId: user, traits: { email: 'ada@example.com' } });
    analytics.track({
      userId: user,
      event: 'Order Completed',
      properties: order('segment-node'),
      context: { ip: '203.0.113.9', userAgent: 'Browser/1' },
    });
    await analytics.closeAndFlush();
  },

  async '@rudderstack/rudder-sdk-node'(user) {
    const analytics = new RudderAnalytics('server-write-key', { dataPlaneUrl: gateway, gzip: false });
    analytics.track({ userId: user, event: 'Order Completed', properties: order('rudder-node') });
    analytics.page({ userId: user, name: 'Cup', properties: { url: 'https://shop.example/cup' } });
    await analytics.flush();
  },

  async '@snowplow/node-tracker'(user) {
    const tracker = newTracker(
      { namespace: 'shop', appId: 'shop', encodeBase64: true },
      { endpoint: gateway, bufferSize: 1 },
    );
    tracker.setUserId(user);
    tracker.track(buildPageView({ pageUrl: 'https://shop.example/cup', pageTitle: 'Cup' }));
    tracker.track(buildSelfDescribingEvent({
      event: {
        schema: 'iglu:com.shop/sign_up/jsonschema/1-0-0',
        data: { method: 'e-mail', value: 5 },
      },
    }));
    tracker.flush();
    await new Promise((done) => setTimeout(done, 1000));
  },

  async '@jitsu/js'(user) {
    const analytics = jitsuAnalytics({ host: gateway, writeKey: 'server:write-key' });
    await analytics.identify(user, { email: 'ada@example.com' });
    await analytics.track('Order Completed', order('jitsu'));
  },

  async 'posthog-node'(user) {
    const posthog = new PostHog('server-write-key', { host: gateway });
    posthog.identify({ distinctId: user, properties: { email: 'ada@example.com' } });
    posthog.capture({
      distinctId: user,
      event: 'Order Completed',
      properties: { ...order('posthog-node'), $ip: '203.0.113.9' },
    });
    await posthog.shutdown();
  },

  async 'matomo-tracker'(user) {
    const matomo = new MatomoTracker(1, `${gateway}/matomo.php`);
    const visitor = { uid: user, token_auth: 'server-write-key', cip: '203.0.113.9' };
    const hits = [
      { ...visitor, url: 'https://shop.example/cup', action_name: 'Cup' },
      {
        ...visitor,
        url: 'https://shop.example/thanks',
        idgoal: 0,
        ec_id: 'matomo',
        revenue: 59.8,
        ec_items: JSON.stringify([['TIDE-350', 'Tidewater mug', 'Mugs', 29.9, 2]]),
      },
    ];
    await new Promise((done, fail) => {
      matomo.on('error', fail);
      matomo.trackBulk(hits, done);
    });
  },

  async '@umami/node'(user) {
    const umami = new Umami({
      websiteId: '11111111-2222-4333-8444-555555555555',
      hostUrl: gateway,
    });
    const page = { hostname: 'shop.example', language: 'en-GB', id: user };
    await umami.track({ ...page, url: '/cup', title: 'Cup' });
    const data = { method: 'e-mail', revenue: 5, currency: 'EUR' };
    await umami.track({ ...page, url: '/join', name: 'sign_up', data });
  },
};

const failed = {};
await Promise.all(Object.entries(sdks).map(async ([name, send]) => {
  try {
    await send(`user of ${name}`);
  } catch (error) {
    failed[name] = String(error);
  }
}));
console.log(JSON.stringify(failed));
