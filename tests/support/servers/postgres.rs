//! PostgreSQL.

#![expect(
    clippy::unwrap_used,
    reason = "a test reports by panicking, and so does an example without a server"
)]

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::{Home, Running, eventually, find};

/// A server with an empty database, on a socket of its own.
pub(crate) struct PostgresServer {
    running: Option<Running>,
    program: PathBuf,
    home: Home,
}

impl PostgresServer {
    /// A new one that answers.
    pub(crate) fn start() -> Self {
        let home = Home::new();
        let initdb = home
            .command(&find("initdb", &installed(), "postgresql"))
            .args(["--pgdata=data", "--username=postgres", "--auth=trust"])
            .args(["--encoding=UTF8", "--locale=C", "--no-sync"])
            .status()
            .unwrap();
        let program = find("postgres", &installed(), "postgresql");
        let mut server = Self {
            running: None,
            program,
            home,
        };
        assert!(initdb.success(), "initdb failed:\n{}", server.log());
        server.restart();
        server
    }

    /// Where it can be reached, for any client.
    pub(crate) fn address(&self) -> String {
        let socket = self.home.path().display();
        format!("host={socket} user=postgres dbname=postgres")
    }

    /// Ends it and all that it started, as if the power had failed.
    pub(crate) fn kill9(&mut self) {
        if let Some(running) = self.running.take() {
            running.kill9();
        }
    }

    /// Starts it again, and waits until it answers.
    pub(crate) fn restart(&mut self) {
        self.kill9();
        // What the last one left is in the way until its children are gone too.
        eventually("PostgreSQL answers", || {
            let running = self.running.get_or_insert_with(|| {
                let mut command = self.home.command(&self.program);
                command.arg("-D").arg("data");
                command.arg("-k").arg(self.home.path());
                for setting in [
                    "listen_addresses=",
                    "fsync=off",
                    "full_page_writes=off",
                    "shared_buffers=16MB",
                    "max_connections=64",
                ] {
                    command.args(["-c", setting]);
                }
                Running::start(command)
            });
            if running.has_ended() {
                self.running = None;
                return false;
            }
            // In a thread of its own, as this client can't be used where tasks run.
            let answers = || postgres::Client::connect(&self.address(), postgres::NoTls).is_ok();
            std::thread::scope(|scope| scope.spawn(answers).join()).unwrap_or(false)
        });
    }

    /// What it wrote.
    pub(crate) fn log(&self) -> String {
        self.home.log()
    }
}

/// Where Debian puts the programs, the newest version first.
fn installed() -> Vec<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let number = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let mut found: Vec<_> = versions.flatten().map(|entry| entry.path()).collect();
    found.sort_by_key(|path| std::cmp::Reverse(number(path)));
    found.iter().map(|version| version.join("bin")).collect()
}
