// A change that a person makes: a button, a question, and a reason for whoever reads it in a year.
import { Alert, Button, Dialog, Portal, Stack, Text, Textarea, h, useState } from "./host.js";
import { post } from "./api.js";
import { Labelled } from "./parts.js";

/** `send(reason)` is the path and the body of what is posted; the button names the act, `title` asks it. */
export function Act({ button, title, told, verb, palette = "red", send, done, ...rest }) {
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const [state, setState] = useState({ busy: false, error: null });
  const act = async () => {
    setState({ busy: true, error: null });
    try {
      await post(...send(reason));
      setOpen(false);
      done();
      setState({ busy: false, error: null });
    } catch (error) {
      setState({ busy: false, error });
    }
  };
  return h(Dialog.Root, { lazyMount: true, onOpenChange: (event) => setOpen(event.open), open, role: "alertdialog", unmountOnExit: true },
    h(Dialog.Trigger, { asChild: true }, h(Button, { size: "xs", variant: "outline", ...rest }, button)),
    h(Portal, null, h(Dialog.Backdrop), h(Dialog.Positioner, null, h(Dialog.Content, null,
      h(Dialog.Header, null, h(Dialog.Title, null, title)),
      h(Dialog.Body, null, h(Stack, { gap: 3 },
        h(Text, null, told),
        h(Labelled, { label: "Reason", required: true, help: "One sentence, kept for good beside your name." },
          h(Textarea, { autoFocus: true, maxLength: 1000, onChange: (event) => setReason(event.target.value), rows: 3, value: reason })),
        state.error && h(Alert.Root, { role: "alert", status: "error" }, h(Alert.Indicator), h(Alert.Content, null, state.error.message)))),
      h(Dialog.Footer, null,
        h(Button, { onClick: () => setOpen(false), size: "sm", variant: "outline" }, "Cancel"),
        h(Button, { colorPalette: palette, disabled: reason.trim() === "" || state.busy, loading: state.busy, onClick: act, size: "sm" }, verb))))));
}

export const RollBack = ({ model, version, champion, path, done }) =>
  h(Act, {
    button: "Roll back to this version", done, send: (reason) => [path, { reason, to_version: version }], title: `Roll back ${model} to version ${version}?`, verb: "Roll back",
    told: `It takes the place of version ${champion} at once: the next batch is scored by it. The policy goes on and may retrain again.`,
  });
