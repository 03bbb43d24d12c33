// The notification at the end of a run, with a browser that only remembers what it was told.

import assert from "node:assert/strict";
import { test } from "node:test";

import { endNotice } from "../../../../asyncdest_nb/widgets/monitor_js/end_notice.js";
import { HEADER } from "./made_state.mjs";

/** A kind of notification, and those that were shown. */
function browser(permission) {
  const shown = [];
  class Shown {
    static requestPermission = async () => permission;
    constructor(title, { body }) {
      shown.push([title, body]);
    }
  }
  return [Shown, shown];
}

const ENDED = { ...HEADER, title: "Act", status: "partial", done: true,
  counts: { pending: 0, completed: 1200, failed: 2 } };

test("it is shown once at the end, if it was asked for", async () => {
  const [kind, shown] = browser("granted");
  const notice = endNotice(kind);
  notice.update(ENDED);
  assert.deepEqual(shown, []);
  assert.equal(await notice.toggle(), "");
  assert.ok(notice.isWanted());
  notice.update({ ...ENDED, done: false });
  notice.update(null);
  assert.deepEqual(shown, []);
  notice.update(ENDED);
  notice.update(ENDED);
  assert.deepEqual(shown, [["Act: partial", "1,200 completed, 2 failed"]]);
});

test("a second click takes it back, and a page that may not says so", async () => {
  const [kind, shown] = browser("granted");
  const notice = endNotice(kind);
  await notice.toggle();
  await notice.toggle();
  notice.update(ENDED);
  assert.deepEqual(shown, []);
  const [refusing] = browser("denied");
  const refused = endNotice(refusing);
  assert.match(await refused.toggle(), /allow them in the settings/);
  assert.ok(!refused.isWanted());
  assert.ok(!endNotice(undefined).canBe());
});
