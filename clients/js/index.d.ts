/** Starts the client: reads the calls made so far, sends the page view, and then every event.
 *  Does nothing on a server, or if the page runs the client already. */
export function start(options: Options): void;

/** Sends an event. The names of fields are those of docs/sources.md. */
export function event(name: string, fields?: Fields): void;

/** Sets fields for all later events of this page. */
export function set(fields: Fields): void;

/** States consent. Call it with `default` before `start`. */
export function consent(action: 'default' | 'update', types: ConsentTypes): void;

/** Passes the client id to `callback`, or nothing while analytics storage is denied. Any other name
 *  is that of a field that was set. */
export function get(name: 'client_id', callback: (value: string | undefined) => void): void;
export function get(name: string, callback: (value: unknown) => void): void;

export interface Options {
  /** URL of the gateway's `collect` source, such as `https://metrics.shop.example/collect`. */
  collect: string;
  /** `false`: no automatic page view. `'history'`: another after each change of the history. */
  pageView?: false | 'history';
  /** `false`: does not read `dataLayer`. */
  layer?: false;
  /** Name of an event to send when the visitor makes or changes a choice about consent. */
  consentEvent?: string;
  /** What to use instead of the window's `fetch` and `navigator`. */
  transport?: Pick<Window, 'fetch' | 'navigator'>;
}

export type State = 'granted' | 'denied';

export interface ConsentTypes {
  ad_storage?: State;
  ad_user_data?: State;
  ad_personalization?: State;
  analytics_storage?: State;
  functionality_storage?: State;
  personalization_storage?: State;
  security_storage?: State;
  /** Milliseconds for which events wait for the visitor's choice; with `default`. */
  wait_for_update?: number;
  /** With `default`: it then applies to everyone if it denies, and to no one if it grants. */
  region?: string[];
}

export interface Item {
  item_id?: string;
  item_name?: string;
  item_brand?: string;
  item_category?: string;
  item_variant?: string;
  price?: number;
  quantity?: number;
  [name: string]: unknown;
}

export interface Address {
  first_name?: string;
  last_name?: string;
  street?: string;
  city?: string;
  region?: string;
  postal_code?: string;
  country?: string;
  [name: string]: unknown;
}

export interface UserData {
  email_address?: string;
  phone_number?: string;
  address?: Address;
  [name: string]: unknown;
}

export interface Fields {
  event_id?: string;
  user_id?: string;
  value?: number;
  currency?: string;
  transaction_id?: string;
  tax?: number;
  shipping?: number;
  coupon?: string;
  items?: Item[];
  user_data?: UserData;
  [name: string]: unknown;
}
