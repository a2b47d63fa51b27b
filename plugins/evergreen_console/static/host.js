// The few things of Airflow's own web page that the console uses. They are globals of the host and may change with a
// minor version of Airflow: this is the only file that names them, and tests/browser guards it on the pinned version.
const { React, ChakraUI, ReactRouterDOM } = globalThis;

export const h = React.createElement;
export const { Fragment, useCallback, useEffect, useMemo, useRef, useState } = React;
export const {
  Alert, Badge, Box, Button, Code, Dialog, Field, Flex, Heading, HStack, Input, NativeSelect, Portal, SimpleGrid,
  Skeleton, Stack, Table, Text, Textarea,
} = ChakraUI;
export const { Link: RouterLink, Route, Routes, useNavigate, useParams, useSearchParams } = ReactRouterDOM;

const DARK = "dark"; // the class that Airflow puts on <html>

/** Tell whether the page is dark now, and follow the switch. */
export function useDark() {
  const root = document.documentElement;
  const [dark, setDark] = useState(root.classList.contains(DARK));
  useEffect(() => {
    const watcher = new MutationObserver(() => setDark(root.classList.contains(DARK)));
    watcher.observe(root, { attributeFilter: ["class"] });
    return () => watcher.disconnect();
  }, []);
  return dark;
}

/** The time zone that the reader chose in Airflow. */
export function timeZone() {
  const stored = localStorage.getItem("timezone");
  try {
    const name = stored === null ? "UTC" : JSON.parse(stored);
    return name === "local" ? Intl.DateTimeFormat().resolvedOptions().timeZone : name;
  } catch {
    return "UTC"; // whatever lies there was not written by Airflow
  }
}
