"""One lab: its name, its inventory and where its files are."""

from __future__ import annotations

import functools
import json
import os
import re
import shlex
import zlib
from argparse import Namespace
from dataclasses import dataclass, field
from pathlib import Path

from cli.errors import LabError
from cli.ui.private_settings import hide

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_INVENTORY = "inventory/containers"
LAB_NAME = re.compile(r"[a-z][a-z0-9-]{0,20}")
BOOLEAN = re.compile(r"([A-Za-z_]\w*)=(true|false|yes|no)", re.IGNORECASE)
# A command line that a module, a role or a server suggests; it does not know the lab's options.
HINT = re.compile(r"(?<![\w/.-])\./lab (doctor|down|lock|reset|shell|status|test|up|verify)\b")
CONTAINERS_SETTING = re.compile(
    r"^lab_containers:[ \t]+(true|yes|on|false|no|off)[ \t]*$", re.IGNORECASE | re.MULTILINE
)
TRUE = ("true", "yes", "on")
COMMENT = re.compile(r"(^|[ \t]+)#.*$", re.MULTILINE)


@dataclass(frozen=True)
class Lab:
    """What every command needs to know about the lab it works on."""

    name: str
    inventory: Path
    extra_vars: tuple[str, ...] = ()
    limit: str | None = None
    verbose: int = 0
    yes: bool = False
    ask_become_pass: bool = False
    root: Path = field(default=ROOT)

    @property
    def state(self) -> Path:
        """Folder of this lab's key, known hosts and secrets (mode 0700)."""
        return self.root / ".lab" / self.name

    @functools.cached_property
    def is_containers(self) -> bool:
        """Whether this machine makes the hosts: the setting lab_containers, as Ansible reads it.

        Ansible is asked only where the text leaves a doubt, since it takes a second to answer. Before .venv exists a
        doubtful inventory counts as one of containers.

        Raises:
            LabError: Ansible cannot read the inventory, or the hosts differ.
        """
        literal = self.literal_containers
        if literal is not None:
            return literal
        if not (self.root / ".venv" / "lab-stamp").exists():
            return True
        # Imported here: cli.engine.inventory needs this module.
        from cli.engine.inventory import says_containers

        return says_containers(self)

    def mentions(self, word: str) -> bool:
        """Whether a word occurs in the inventory or in a setting of the command line."""
        files = (path.read_text(encoding="utf-8", errors="replace") for path in _inventory_files(self.inventory))
        return any(word in text for text in (*map(_text_of, self.extra_vars), *files))

    @property
    def literal_containers(self) -> bool | None:
        """lab_containers where it is written once, as true or false, in group_vars/all; else None: ask Ansible."""
        folder = self.inventory if self.inventory.is_dir() else self.inventory.parent
        always = {*folder.glob("group_vars/all.y*ml"), *folder.glob("group_vars/all/*.y*ml")}
        literals: list[str] = []
        mentions = sum("lab_containers" in _text_of(setting) for setting in self.extra_vars)
        for path in _inventory_files(self.inventory):
            text = COMMENT.sub("", path.read_text(encoding="utf-8", errors="replace"))
            mentions += text.count("lab_containers")
            literals += CONTAINERS_SETTING.findall(text) if path in always else []
        if not mentions:
            return False
        return literals[0].lower() in TRUE if mentions == len(literals) == 1 else None

    @property
    def shown_inventory(self) -> str:
        """The inventory's path as a person would type it."""
        return shown(self.inventory, self.root)

    @property
    def options(self) -> str:
        """The options that select this lab and its settings, quoted for the shell; empty for the default lab.

        Secrets are not repeated: see `fill_in`.
        """
        words = []
        if self.inventory != self.root / DEFAULT_INVENTORY:
            words += ["-i", self.shown_inventory]
        if self.name != "lab":
            words += ["--name", self.name]
        for setting in self.extra_vars:
            words += ["-e", hide(setting).text]
        if self.limit:
            words += ["--limit", self.limit]
        words += ["-K"] * self.ask_become_pass
        return shlex.join(words)

    @property
    def fill_in(self) -> str:
        """What a person must add to `options` before they paste it; empty where no secret is left out."""
        names = dict.fromkeys(name for setting in self.extra_vars for name in hide(setting).names)
        return f"fill in {', '.join(names)}, or use -e @FILE" if names else ""

    def retype(self, command: str, *words: str) -> str:
        """A command line for this same lab, to be pasted into a shell; a comment names the secrets to fill in.

        Args:
            command: the command of ./lab.
            words: its own options and arguments; they stand after the options of the lab.
        """
        note = f"# {self.fill_in}" if self.fill_in else ""
        return " ".join(filter(None, [self._line(command, *words), note]))

    def _line(self, command: str, *words: str) -> str:
        return " ".join(filter(None, [program(self.root), command, self.options, shlex.join(words)]))

    def complete_hints(self, text: str) -> str:
        """Add this lab's options to each `./lab COMMAND` in a message of a module or a server, and its name to paths.

        A host does not know the lab's name: modules write `.lab/LAB/` for its folder.
        """
        named = text.replace(".lab/LAB/", f".lab/{self.name}/")
        completed, count = HINT.subn(lambda match: self._line(match[1]), named)
        return f"{completed} ({self.fill_in})" if count and self.fill_in else completed


def program(root: Path = ROOT) -> str:
    """How to call ./lab from the folder where the person stands."""
    here = Path(os.environ.get("LAB_CWD", root))
    return "./lab" if here.resolve() == root.resolve() else shlex.quote(str(root / "lab"))


def _text_of(setting: str) -> str:
    """A setting of -e as it is written, on the command line or in its file."""
    return Path(setting[1:]).read_text(encoding="utf-8", errors="replace") if setting.startswith("@") else setting


def _inventory_files(inventory: Path) -> list[Path]:
    """Files that can set variables of an inventory's hosts."""
    if inventory.is_dir():
        files = list(inventory.rglob("*"))
    else:
        folders = [inventory.parent / "group_vars", inventory.parent / "host_vars"]
        files = [inventory, *(path for folder in folders for path in folder.rglob("*"))]
    return [path for path in files if path.is_file() and path.suffix != ".md"]


def shown(path: Path, root: Path = ROOT) -> str:
    """A path relative to the clone where it lies inside, else as it is."""
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def test_name(root: Path = ROOT) -> str:
    """The name of the lab that tests make and destroy: never that of the lab in use, nor that of another clone."""
    name = os.environ.get("LAB_NAME")
    return f"{name[:12].rstrip('-')}-molecule" if name else f"molecule-{zlib.crc32(bytes(root)):08x}"


def from_arguments(arguments: Namespace) -> Lab:
    """Check the options that all commands share.

    Raises:
        LabError: a name or an inventory that cannot be.
    """
    name = arguments.name or os.environ.get("LAB_NAME") or "lab"
    if not LAB_NAME.fullmatch(name):
        raise LabError(
            f"lab name {name!r} cannot be used: it prefixes containers, so it must start with a letter a-z "
            "and hold at most 21 of a-z, 0-9 and '-' (--name or LAB_NAME)"
        )
    return Lab(
        name=name,
        inventory=find_inventory(arguments.inventory) if arguments.inventory else ROOT / DEFAULT_INVENTORY,
        extra_vars=tuple(_extra_var(text) for text in arguments.extra_vars or ()),
        limit=arguments.limit,
        verbose=arguments.verbose or 0,
        yes=bool(arguments.yes),
        ask_become_pass=bool(arguments.ask_become_pass),
    )


def find_inventory(text: str, root: Path = ROOT) -> Path:
    """The inventory that a person means: a path from where they stand or the clone, or a name in inventory/.

    Raises:
        LabError: nothing is there; the message lists what is.
    """
    here = Path(os.environ.get("LAB_CWD", "."))
    for candidate in (here / text, root / text, root / "inventory" / text):
        if candidate.exists():
            return candidate.resolve()
    known = sorted(f"inventory/{path.name}" for path in root.glob("inventory/*/"))
    raise LabError(f"inventory {text!r} is not there; known: {', '.join(known)}")


def _extra_var(text: str) -> str:
    """What Ansible is given for a setting.

    KEY=VALUE as it is, but true and false as such: Ansible takes every VALUE for text, and the text `false` is true.
    @FILE made absolute, for Ansible is started in the clone's folder.

    Raises:
        LabError: neither of the two, or the file is not there, or a secret is the placeholder of a suggested line.
    """
    if text.startswith("@"):
        path = Path(os.environ.get("LAB_CWD", ".")) / text[1:]
        if not path.is_file():
            raise LabError(f"--extra-vars: file {text[1:]} is not there")
        return f"@{path.resolve()}"
    if not re.match(r"[A-Za-z_]\w*=", text) and not text.startswith("{"):
        raise LabError(f"--extra-vars {text!r} is not KEY=VALUE, @FILE or JSON")
    if unfilled := hide(text).unfilled:
        raise LabError(
            f"--extra-vars: {', '.join(unfilled)} is '...', which suggested command lines show instead of a secret: "
            "fill in the value, or give a file that holds it: -e @FILE"
        )
    boolean = BOOLEAN.fullmatch(text)
    return json.dumps({boolean[1]: boolean[2].lower() in ("true", "yes")}) if boolean else text
