//! An HTTP server that can be killed.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;

use hyper::body::Incoming;
use hyper::header::{HeaderValue, SERVER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// A server on a port of this machine, as long as it lives. It answers everything with 200, and with its name in the field `Server`.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    /// Listens at `address`; port 0 is any that is free.
    pub(crate) async fn start(name: &'static str, address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(accept(name, listener));
        Ok(Self { address, task })
    }

    /// Ends as a process does that is killed: in the middle of whatever it is doing.
    pub(crate) async fn kill(self) {
        self.task.abort();
        // It is over when its port is free and its connections are gone. That it was aborted is known.
        let _ = self.task.await;
    }
}

async fn accept(name: &'static str, listener: TcpListener) {
    // Its tasks end with it.
    let mut connections = JoinSet::new();
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            connections.spawn(serve(name, stream));
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(name: &'static str, stream: TcpStream) {
    let answer = |_: Request<Incoming>| async move {
        let mut response = Response::new(String::new());
        let server = HeaderValue::from_static(name);
        response.headers_mut().insert(SERVER, server);
        Ok::<_, Infallible>(response)
    };
    // A client that has gone is no concern of the others.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service_fn(answer))
        .await;
}
