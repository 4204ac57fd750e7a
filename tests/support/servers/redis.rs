//! Redis.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use crate::process::{Home, Running, eventually, find};

/// A server that keeps nothing, on a socket of its own.
pub(crate) struct RedisServer {
    running: Option<Running>,
    program: PathBuf,
    home: Home,
}

impl RedisServer {
    /// A new one that answers.
    pub(crate) fn start() -> Self {
        let elsewhere = ["/usr/sbin", "/usr/local/bin"].map(PathBuf::from);
        let program = find("redis-server", &elsewhere, "redis-server");
        let mut server = Self {
            running: None,
            program,
            home: Home::new(),
        };
        server.restart();
        server
    }

    /// Where it can be reached.
    pub(crate) fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    /// Ends it, as if the power had failed.
    pub(crate) fn kill9(&mut self) {
        if let Some(running) = self.running.take() {
            running.kill9();
        }
    }

    /// Starts it again, and waits until it answers.
    pub(crate) fn restart(&mut self) {
        self.kill9();
        let mut command = self.home.command(&self.program);
        command.args(["--port", "0", "--unixsocket"]);
        command.arg(self.socket());
        command.args([
            "--unixsocketperm",
            "777",
            "--save",
            "",
            "--appendonly",
            "no",
        ]);
        let mut running = Running::start(command);
        eventually("Redis answers", || {
            assert!(!running.has_ended(), "Redis failed:\n{}", self.home.log());
            self.answers().unwrap_or(false)
        });
        self.running = Some(running);
    }

    fn socket(&self) -> PathBuf {
        self.home.path().join("redis")
    }

    fn answers(&self) -> std::io::Result<bool> {
        let mut stream = UnixStream::connect(self.socket())?;
        stream.write_all(b"PING\r\n")?;
        let mut answer = [0; 7];
        stream.read_exact(&mut answer)?;
        Ok(answer == *b"+PONG\r\n")
    }
}
