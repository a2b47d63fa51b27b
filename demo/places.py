"""Where the demo keeps what it makes: everything below ``.evergreen`` in the project's root."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODEL = "deliveries"


@dataclass(frozen=True, slots=True)
class Places:
    """The folders of one installation; ``root`` is the project's."""

    root: Path = ROOT

    @property
    def home(self) -> Path:
        """All that the demo makes."""
        return self.root / ".evergreen"

    @property
    def airflow(self) -> Path:
        """AIRFLOW_HOME."""
        return self.home / "airflow"

    @property
    def metadata_url(self) -> str:
        """Airflow's own database."""
        return f"sqlite:///{self.airflow / 'airflow.db'}"

    @property
    def logs(self) -> Path:
        """Output of the Airflow processes, a file each."""
        return self.home / "logs"

    @property
    def run(self) -> Path:
        """Which processes we started, and on which port."""
        return self.home / "run"

    @property
    def secrets(self) -> Path:
        """Keys and the password, made on the first start; readable by the user alone."""
        return self.home / "secrets.json"

    @property
    def passwords(self) -> Path:
        """The users of Airflow's SimpleAuthManager."""
        return self.airflow / "passwords.json"

    @property
    def data(self) -> Path:
        """The simulated files."""
        return self.home / "data"

    @property
    def models(self) -> Path:
        """The demo's spec."""
        return self.root / "demo" / "models"

    @property
    def picture(self) -> Path:
        """The PNG at the end of the demo."""
        return self.home / f"{MODEL}.png"
