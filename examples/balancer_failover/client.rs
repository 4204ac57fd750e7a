//! How servers are asked: by the gateway for its clients, and by the check.

use std::time::Duration;

use hyper::StatusCode;
use hyper::header::SERVER;
use hyper_util::client::legacy::Client as Pooled;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tenfold::balance::FailureKind;
use tenfold::health::{AsyncCheck, CheckError};

/// A client of HTTP that keeps connections.
#[derive(Clone)]
pub(crate) struct Client(Pooled<HttpConnector, String>);

/// What a server said.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// Its name.
    pub(crate) server: String,
}

impl Client {
    pub(crate) fn new() -> Self {
        Self(Pooled::builder(TokioExecutor::new()).build_http())
    }

    /// Asks once.
    pub(crate) async fn get(&self, authority: &str, path: &str) -> Result<Answer, FailureKind> {
        let uri = format!("http://{authority}{path}");
        let uri = uri.parse().map_err(|_| FailureKind::Unreachable)?;
        let response = tokio::time::timeout(PATIENCE, self.0.get(uri)).await;
        let response = response
            .map_err(|_| FailureKind::TimedOut)?
            .map_err(|_| FailureKind::Unreachable)?;
        let status = response.status();
        if status.is_server_error() {
            return Err(FailureKind::Faulty);
        }
        let server = response.headers().get(SERVER);
        let server = server.and_then(|name| name.to_str().ok());
        Ok(Answer {
            status,
            server: server.unwrap_or_default().to_owned(),
        })
    }
}

/// A server is in order if it says so.
pub(crate) struct HttpCheck(pub(crate) Client);

impl AsyncCheck<String> for HttpCheck {
    async fn check(&self, authority: &String) -> Result<(), CheckError> {
        match self.0.get(authority, "/health").await {
            Ok(answer) if answer.status == StatusCode::OK => Ok(()),
            Ok(answer) => Err(CheckError::failed(answer.status.to_string())),
            Err(FailureKind::TimedOut) => Err(CheckError::TimedOut),
            Err(kind) => Err(CheckError::failed(format!("{kind:?}"))),
        }
    }
}

const PATIENCE: Duration = Duration::from_secs(1);
