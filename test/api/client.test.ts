// A client in TypeScript, made of openapi.json: openapi-typescript writes the types, openapi-fetch asks.
import assert from "node:assert/strict";
import { test } from "node:test";

import createClient from "openapi-fetch";

import type { components, paths } from "./generated/openapi.js";
import { base, mint } from "./server.mjs";

const as = (subject: string, ...roles: string[]) =>
  createClient<paths>({ baseUrl: base, headers: { Authorization: `Bearer ${mint(subject, ...roles)}` } });

const user = `ts_${Date.now()}`;
const relay = as("relay", "service");
const self = as(user, "user");

const payment = (n: number): components["schemas"]["PaymentEvent"] => ({
  type: "payment", id: `${user}_${n}`, transaction_id: `${user}_t${n}`, user_id: user, amount: 45000, currency: "INR", status: "success",
  mode: "upi", instrument: "sbi", gateway: null, merchant: "swiggy", updated_at: Date.now(),
});

test("one event, then a list of them", async () => {
  const one = await relay.POST("/v1/events", { body: payment(1) });
  assert.equal(one.response.status, 202);
  assert.equal(one.data?.results[0]?.verdict, "accepted");
  const list = await relay.POST("/v1/events", {
    body: { events: [payment(2), { type: "clock", at: new Date().toISOString() }, { ...payment(3), amount: 0 }] },
  });
  assert.deepEqual([list.data?.accepted, list.data?.rejected], [2, 1]);
  assert.equal(list.data?.results[2]?.reason, "invalid_field");
});

test("missions, rewards and health are read", async () => {
  const missions = await self.GET("/v1/users/{id}/missions", { params: { path: { id: "me" }, query: { limit: 1 } } });
  assert.ok(missions.data && missions.data.items.length === 1, JSON.stringify(missions.error));
  const mission = missions.data.items[0]!;
  assert.ok(mission.percent >= 0 && (mission.window === null || mission.window.start < mission.window.end));
  const next = missions.data.next_cursor;
  assert.ok(next);
  const more = await self.GET("/v1/users/{id}/missions", { params: { path: { id: "me" }, query: { limit: 1, cursor: next } } });
  assert.notEqual(more.data?.items[0]?.id, mission.id);
  const rewards = await self.GET("/v1/users/{id}/rewards", { params: { path: { id: "me" } } });
  assert.ok(Array.isArray(rewards.data?.items));
  const health = await as("panel", "health").GET("/v1/health");
  assert.ok(Array.isArray(health.data?.items));
});

test("a mission is written", async () => {
  const editor = as("eve", "editor");
  const id = `ts-${Date.now()}`;
  const put = await editor.PUT("/v1/panel/missions/{id}", {
    params: { path: { id } },
    body: {
      title: "Three", currency: "INR", goal: { metric: "count", target: 3 }, window: { kind: "per_user", duration: "168h", start: "first_payment" },
      reward: { kind: "coins", amount: 5 },
    },
  });
  assert.equal(put.response.status, 200, JSON.stringify(put.error));
  const got = await editor.GET("/v1/panel/missions/{id}", { params: { path: { id } } });
  assert.equal(got.data?.window.start, "first_payment");
  assert.equal(got.data?.status, "draft");
});

test("a problem is typed", async () => {
  const none = await self.GET("/v1/users/{id}/missions/{mid}", { params: { path: { id: "me", mid: "none" } } });
  assert.equal(none.response.status, 404);
  assert.equal(none.error?.code, "not_found");
  assert.equal(none.error?.request_id, none.response.headers.get("X-Request-Id"));
  const { error } = await relay.POST("/v1/events", { body: { ...payment(4), amount: -1 } });
  assert.equal(error?.status, 422);
  const stranger = await createClient<paths>({ baseUrl: base }).GET("/v1/users/{id}/rewards", { params: { path: { id: "me" } } });
  assert.equal(stranger.error?.code, "unauthenticated");
});
