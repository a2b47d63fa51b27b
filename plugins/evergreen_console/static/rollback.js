// Rolling back: a former champion serves again, with a reason for whoever reads it in a year.
import { Alert, Button, Dialog, Portal, Stack, Text, Textarea, h, useState } from "./host.js";
import { ofModel, post } from "./api.js";
import { Labelled } from "./parts.js";

export function RollBack({ model, version, champion, done }) {
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const [state, setState] = useState({ busy: false, error: null });
  const act = async () => {
    setState({ busy: true, error: null });
    try {
      await post(ofModel(model, "rollback"), { reason, to_version: version });
      setOpen(false);
      done();
      setState({ busy: false, error: null });
    } catch (error) {
      setState({ busy: false, error });
    }
  };
  return h(Dialog.Root, { lazyMount: true, onOpenChange: (event) => setOpen(event.open), open, role: "alertdialog", unmountOnExit: true },
    h(Dialog.Trigger, { asChild: true }, h(Button, { size: "xs", variant: "outline" }, "Roll back to this version")),
    h(Portal, null, h(Dialog.Backdrop), h(Dialog.Positioner, null, h(Dialog.Content, null,
      h(Dialog.Header, null, h(Dialog.Title, null, `Roll back ${model} to version ${version}?`)),
      h(Dialog.Body, null, h(Stack, { gap: 3 },
        h(Text, null, `It takes the place of version ${champion} at once: the next batch is scored by it. The policy goes on and may retrain again.`),
        h(Labelled, { label: "Reason", required: true, help: "One sentence, kept for good beside your name." },
          h(Textarea, { autoFocus: true, maxLength: 1000, onChange: (event) => setReason(event.target.value), rows: 3, value: reason })),
        state.error && h(Alert.Root, { role: "alert", status: "error" }, h(Alert.Indicator), h(Alert.Content, null, state.error.message)))),
      h(Dialog.Footer, null,
        h(Button, { onClick: () => setOpen(false), size: "sm", variant: "outline" }, "Cancel"),
        h(Button, { colorPalette: "red", disabled: reason.trim() === "" || state.busy, loading: state.busy, onClick: act, size: "sm" }, "Roll back"))))));
}
