// The title of the page while runs are open, with a page that has only a title.

import assert from "node:assert/strict";
import { test } from "node:test";

import { pageTitle } from "../../../../asyncdest_nb/widgets/monitor_js/page_title.js";

const HALF = { pending: 5, completed: 4, failed: 1 };

test("the progress of all open runs is in front of the title, and gone when none is open", () => {
  const page = { title: "Notebook" };
  const [first, second] = [pageTitle(page), pageTitle(page)];
  first(HALF);
  assert.equal(page.title, "50 % · Notebook");
  second({ pending: 30, completed: 0 });
  assert.equal(page.title, "12 % · Notebook");
  first(null);
  assert.equal(page.title, "0 % · Notebook");
  second(null);
  second(null);
  assert.equal(page.title, "Notebook");
});

test("a title that the host sets meanwhile is kept", () => {
  const page = { title: "Notebook" };
  const show = pageTitle(page);
  show(HALF);
  page.title = "Another notebook";
  show(HALF);
  assert.equal(page.title, "50 % · Another notebook");
  page.title = "A third one";
  show(null);
  assert.equal(page.title, "A third one");
});

test("without a page nothing is shown", () => {
  pageTitle(undefined)(HALF);
});
