// The API reference draws /openapi.json. All that it would ask of its makers' servers is turned off: fonts, a proxy for requests, their
// desktop client, an assistant. The page's policy would not let it ask either. A token that is typed in is kept by the open page alone.
Scalar.createApiReference("#reference", {
  url: "/openapi.json",
  authentication: { preferredSecurityScheme: "bearer" },
  persistAuth: false,
  proxyUrl: "",
  withDefaultFonts: false,
  telemetry: false,
  hideClientButton: true,
  showDeveloperTools: "never",
  agent: { disabled: true },
  mcp: { disabled: true },
});
