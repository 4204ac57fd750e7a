//! A real server for tests and examples: a child process on a socket in a directory of its own, which goes when the value is dropped.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test reports by panicking, and so does an example without a server"
)]

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long another process may take for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until `condition` holds, which another process brings about.
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < PATIENCE, "still not so: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Where a server lives: a directory that it owns, and the account that it runs under.
pub(crate) struct Home {
    directory: TempDir,
    /// User and group. Servers refuse to run as root, so if we are that they run as somebody else.
    account: Option<(u32, u32)>,
}

impl Home {
    pub(crate) fn new() -> Self {
        // Not where TMPDIR says: another account must get there, and the path of a socket is at most 107 bytes long.
        let directory = tempfile::Builder::new()
            .prefix("tenfold-")
            .tempdir_in("/tmp")
            .unwrap();
        let root = fs::metadata("/proc/self").unwrap().uid() == 0;
        let account = root.then(unprivileged);
        if let Some((user, group)) = account {
            chown(directory.path(), Some(user), Some(group)).unwrap();
        }
        Self { directory, account }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A command that runs here, under the right account, and writes to the log.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log_file())
            .unwrap();
        let mut command = Command::new(program);
        command
            .current_dir(self.path())
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        if let Some((user, group)) = self.account {
            command.uid(user).gid(group);
        }
        command
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.path().join("log")
    }
}

/// An account without rights: of the server if its package made one, and otherwise nobody's.
fn unprivileged() -> (u32, u32) {
    let accounts = fs::read_to_string("/etc/passwd").unwrap();
    let find = |name: &str| {
        let line = accounts
            .lines()
            .find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    find("postgres")
        .or_else(|| find("nobody"))
        .expect("an account for a server that refuses to run as root")
}

/// The path of a program, or the name of the package that has to be installed.
pub(crate) fn find(program: &str, elsewhere: &[PathBuf], package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).chain(elsewhere.iter().cloned());
    places
        .map(|place| place.join(program))
        .find(|file| file.is_file())
        .unwrap_or_else(|| {
            panic!("{program} is missing: install the Debian package {package}, or what it is called here")
        })
}

/// A process that ends when this is dropped.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        Self(command.spawn().unwrap())
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }

    /// `kill -9`: neither the process nor its children get to say good-bye.
    pub(crate) fn kill9(mut self) {
        let id = self.0.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        // The first, so that it can't mourn them.
        let _ = self.0.kill();
        let _ = self.0.wait();
        for child in children.unwrap_or_default().split_whitespace() {
            signal("KILL", child);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let started = Instant::now();
        if !self.has_ended() {
            signal("INT", &self.0.id().to_string());
        }
        while !self.has_ended() && started.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn signal(name: &str, process: &str) {
    let _ = Command::new("kill")
        .args(["-s", name, process])
        .stderr(Stdio::null())
        .status();
}
