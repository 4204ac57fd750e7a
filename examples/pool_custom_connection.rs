//! A pool of connections of one's own: a line protocol over TCP, with a manager of some twenty lines, for threads and for a task.
//!
//! `cargo run --release --example pool_custom_connection`
#![expect(clippy::print_stdout, reason = "an example talks to its reader")]

use std::future::Future;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use tenfold::pool::{Check, Connect, Manage, Pool};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A connection of our protocol: a line goes, the same line comes.
struct Echo {
    stream: BufReader<TcpStream>,
    /// Something went wrong, so nobody knows what the next line answers.
    failed: bool,
}

impl Echo {
    fn ask(&mut self, line: &str) -> io::Result<String> {
        self.failed = true;
        writeln!(self.stream.get_mut(), "{line}")?;
        let mut answer = String::new();
        if self.stream.read_line(&mut answer)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.failed = false;
        Ok(answer.trim_end().to_owned())
    }
}

/// What the pool has to know of it.
struct Upstream {
    address: SocketAddr,
    timeout: Duration,
}

impl Manage for Upstream {
    type Connection = Echo;
    type Error = io::Error;

    fn is_broken(&self, connection: &mut Echo) -> bool {
        connection.failed
    }
}

impl Connect for Upstream {
    fn connect(&self) -> io::Result<Echo> {
        let stream = TcpStream::connect_timeout(&self.address, self.timeout)?;
        stream.set_read_timeout(Some(self.timeout))?;
        stream.set_nodelay(true)?;
        Ok(Echo {
            stream: BufReader::new(stream),
            failed: false,
        })
    }

    fn check(&self, connection: &mut Echo) -> io::Result<()> {
        if connection.ask("ping")? == "ping" {
            return Ok(());
        }
        Err(io::Error::other("the other side doesn't echo"))
    }
}

fn main() -> Result<(), Failure> {
    let accepted = Arc::new(AtomicU32::new(0));
    let address = serve(accepted.clone())?;
    let timeout = Duration::from_secs(5);
    let pool = Pool::builder(Upstream { address, timeout })
        .max_size(4)
        .check(Check::IfIdleFor(Duration::from_secs(1)))
        .build()?;

    // Sixteen threads and a task share four connections, in one queue.
    thread::scope(|scope| {
        let pool = &pool;
        let threads: Vec<_> = (0..16)
            .map(|number| scope.spawn(move || ask_often(pool, number)))
            .collect();
        let task = block_on(async {
            // It waits without a thread; the question itself is this protocol's, and blocks.
            let mut connection = pool.acquire_async().await?;
            assert_eq!(connection.ask("from a task")?, "from a task");
            Ok::<_, Failure>(())
        });
        for thread in threads {
            thread.join().map_err(|_| "a thread panicked")??;
        }
        task
    })?;
    let connections = accepted.load(Ordering::Relaxed);
    assert!(connections <= 4, "{connections} connections");
    println!(
        "1601 questions over {connections} connections: {}",
        pool.status()
    );

    // The other side hangs up. Whoever is told so gives the connection back, and nobody gets it again.
    let error = pool
        .acquire()?
        .ask("quit")
        .err()
        .ok_or("it should have gone")?;
    println!("the other side hung up: {error}");
    assert_eq!(pool.acquire()?.ask("hello")?, "hello");
    Ok(())
}

fn ask_often(pool: &Pool<Upstream>, number: u32) -> Result<(), Failure> {
    for i in 0..100 {
        let line = format!("{number}/{i}");
        assert_eq!(pool.acquire()?.ask(&line)?, line);
    }
    Ok(())
}

/// Echoes lines until it is told to quit, one thread per connection.
fn serve(accepted: Arc<AtomicU32>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming() {
            accepted.fetch_add(1, Ordering::Relaxed);
            thread::spawn(move || echo(stream?));
        }
    });
    Ok(address)
}

fn echo(stream: TcpStream) -> io::Result<()> {
    let mut writer = stream.try_clone()?;
    for line in BufReader::new(stream).lines() {
        let line = line?;
        if line == "quit" {
            break;
        }
        writeln!(writer, "{line}")?;
    }
    Ok(())
}

/// All that it takes to run a future: a pool needs no runtime.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
