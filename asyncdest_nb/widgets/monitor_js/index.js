// The browser's part of the monitor: it shows what the kernel sends, and need not answer.
// There is no build: esm.py joins these modules into the one that the kernel hands to the browser.

import { classicKeeper } from "./classic_record.js";
import { endNotice } from "./end_notice.js";
import { clock } from "./formats.js";
import { pageTitle } from "./page_title.js";
import { recordKeeper } from "./record.js";
import {
  actionRequests, keyframeRequests, reportDrawn, sightReports, sliceRequests,
} from "./requests.js";
import { applyMessage, emptyState, knownUntil, REQUEST_SECONDS } from "./sent_state.js";
import { view } from "./view.js";

/** @import { Buffer } from "./packed.js" */
/** @import { SentState } from "./sent_state.js" */

/** One state for each model, shared by its views: anywidget calls this once for each model. */
export default () => {
  /** @type {SentState} */ let sent = emptyState([]);
  /** @type {Set<ReturnType<typeof view>>} */
  const views = new Set();
  const actions = actionRequests();
  const requestKeyframe = keyframeRequests();
  /** @type {ReturnType<typeof recordKeeper> | undefined} */ let keeper;
  /** @type {ReturnType<typeof sliceRequests> | undefined} */ let slices;
  const notice = endNotice();
  const showInTitle = pageTitle();

  /** Let the title of the page and a notification follow the run; nobody may look at a view. */
  function follow(now = clock()) {
    const isOpen = sent.header && !sent.header.done && knownUntil(sent, now) >= now;
    showInTitle(isOpen && sent.header ? sent.header.counts : null);
    notice.update(sent.header);
  }

  function receive(/** @type {any} */ model, /** @type {any} */ message, /** @type {Buffer[]} */ buffers) {
    if (!message?.kind) return;
    if (message.kind === "answer") {
      actions.answered(message, buffers);
      return;
    }
    const began = performance.now();
    try {
      applyMessage(sent, message, buffers, clock());
    } catch (error) { // Later messages may still be good.
      [sent.error, sent.gapAt] = [String(error), sent.seq];
    }
    // A notebook that is saved with its widgets has the snapshot, so its header is up to date.
    const saved = model.get("_snapshot");
    if (saved && sent.header) [saved.header, saved.now] = [sent.header, message.now ?? saved.now];
    views.forEach(({ repaint }) => repaint());
    follow();
    requestKeyframe(model, sent);
    slices?.tookIn(message, performance.now() - began);
  }

  return {
    /** @param {{model: any}} context */
    initialize({ model }) {
      sent = emptyState(model.get("_columns"));
      const pulls = (slices = sliceRequests(model));
      const receiveSnapshot = () => {
        const snapshot = model.get("_snapshot");
        receive(model, snapshot, snapshot?.buffers ?? []);
      };
      receiveSnapshot();
      model.on("change:_snapshot", receiveSnapshot);
      model.on("msg:custom", (/** @type {any} */ message, /** @type {Buffer[]} */ buffers) =>
        receive(model, message, buffers?.length ? buffers : message.buffers ?? []));
      const timer = setInterval(() => {
        requestKeyframe(model, sent);
        follow();
      }, 1000 * REQUEST_SECONDS);
      keeper = classicKeeper(model) ?? recordKeeper(model);
      keeper.look();
      return () => {
        clearInterval(timer);
        showInTitle(null);
        keeper?.end();
        pulls.end();
      };
    },
    /** @param {{model: any, el: HTMLElement}} context */
    render({ model, el }) {
      const sight = sightReports(model);
      const made = view(el, sent, { send: actions.sender(model), notice, sight });
      el.id = model.get("_anchor");
      views.add(made);
      reportDrawn(model);
      keeper?.look();
      model.on("comm_live_update", made.repaint);
      return () => {
        model.off("comm_live_update", made.repaint);
        views.delete(made);
        made.end();
        sight.end();
      };
    },
  };
};
