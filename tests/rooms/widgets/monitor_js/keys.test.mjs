// Keys, without a browser.

import assert from "node:assert/strict";
import { test } from "node:test";

import { isForHost } from "../../../../asyncdest_nb/widgets/monitor_js/keys.js";

test("keys stay in the widget, but shortcuts with ctrl or meta belong to the host", () => {
  assert.equal(isForHost({ ctrlKey: false, metaKey: false }), false);
  assert.equal(isForHost({ ctrlKey: true, metaKey: false }), true);
  assert.equal(isForHost({ ctrlKey: false, metaKey: true }), true);
});
