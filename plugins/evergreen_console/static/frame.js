// A page of ours or of Evidently in a frame: the server sends it with a policy under which it has no origin of its own.
import { Box, h } from "./host.js";
import { addressOf } from "./api.js";

export const Frame = ({ path, title, scripts = false, height = "36rem" }) =>
  h(Box, { as: "iframe", bg: "white", borderRadius: "md", borderWidth: 1, height, loading: "lazy", sandbox: scripts ? "allow-scripts" : "", src: addressOf(path), title, width: "100%" });
