//! Managers that were written for r2d2 and bb8, as they are.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};

use tenfold::adapt::bb8::Bb8Manager;
use tenfold::adapt::r2d2::R2d2Manager;
use tenfold::pool::{AsyncConnect, Connect, Manage};

/// Counts what is asked of it. A connection is a number, odd ones are invalid, and those above 2 are broken. There are no more than 4.
#[derive(Clone, Debug, Default)]
struct Theirs {
    made: Arc<AtomicU32>,
    checked: Arc<AtomicU32>,
}

impl Theirs {
    fn make<E>(&self, full: E) -> Result<u32, E> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        if number < 4 { Ok(number) } else { Err(full) }
    }

    fn look<E>(&self, connection: u32, odd: E) -> Result<(), E> {
        self.checked.fetch_add(1, Ordering::Relaxed);
        if connection % 2 == 0 {
            Ok(())
        } else {
            Err(odd)
        }
    }
}

/// What r2d2 asks of an error and no more: it can't be sent to another thread.
#[derive(Debug)]
struct Lonely(
    &'static str,
    #[expect(dead_code, reason = "it makes the error stay in its thread")] Cell<*const u8>,
);

impl fmt::Display for Lonely {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Lonely {}

const fn lonely(text: &'static str) -> Lonely {
    Lonely(text, Cell::new(std::ptr::null()))
}

/// What bb8 asks of an error and no more: it can't be shown.
#[derive(Debug)]
struct Mute(#[expect(dead_code, reason = "shown by Debug")] &'static str);

#[derive(Debug, Default)]
struct WithLonely(Theirs);
#[derive(Debug, Default)]
struct WithMute(Theirs);

impl r2d2::ManageConnection for Theirs {
    type Connection = u32;
    type Error = std::io::Error;

    fn connect(&self) -> Result<u32, std::io::Error> {
        self.make(std::io::Error::other("full"))
    }

    fn is_valid(&self, connection: &mut u32) -> Result<(), std::io::Error> {
        self.look(*connection, std::io::Error::other("odd"))
    }

    fn has_broken(&self, connection: &mut u32) -> bool {
        *connection > 2
    }
}

impl bb8::ManageConnection for Theirs {
    type Connection = u32;
    type Error = std::io::Error;

    async fn connect(&self) -> Result<u32, std::io::Error> {
        self.make(std::io::Error::other("full"))
    }

    async fn is_valid(&self, connection: &mut u32) -> Result<(), std::io::Error> {
        self.look(*connection, std::io::Error::other("odd"))
    }

    fn has_broken(&self, connection: &mut u32) -> bool {
        *connection > 2
    }
}

impl r2d2::ManageConnection for WithLonely {
    type Connection = u32;
    type Error = Lonely;

    fn connect(&self) -> Result<u32, Lonely> {
        self.0.make(lonely("full"))
    }

    fn is_valid(&self, connection: &mut u32) -> Result<(), Lonely> {
        self.0.look(*connection, lonely("odd"))
    }

    fn has_broken(&self, _: &mut u32) -> bool {
        false
    }
}

impl bb8::ManageConnection for WithMute {
    type Connection = u32;
    type Error = Mute;

    async fn connect(&self) -> Result<u32, Mute> {
        self.0.make(Mute("full"))
    }

    async fn is_valid(&self, connection: &mut u32) -> Result<(), Mute> {
        self.0.look(*connection, Mute("odd"))
    }

    fn has_broken(&self, _: &mut u32) -> bool {
        false
    }
}

/// The result of a future that never waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("these managers don't wait"),
    }
}

#[test]
fn a_manager_of_r2d2_is_asked_for_everything() {
    let theirs = Theirs::default();
    let manager = R2d2Manager::new(theirs.clone());
    let mut made: Vec<_> = (0..4).map(|_| manager.connect().unwrap()).collect();
    assert_eq!(made, [0, 1, 2, 3]);
    assert_eq!(manager.connect().unwrap_err().to_string(), "full");
    let broken: Vec<_> = made.iter_mut().map(|c| manager.is_broken(c)).collect();
    assert_eq!(broken, [false, false, false, true]);
    let valid: Vec<_> = made.iter_mut().map(|c| manager.check(c).is_ok()).collect();
    assert_eq!(valid, [true, false, true, false]);
    assert_eq!(theirs.checked.load(Ordering::Relaxed), 4);
    assert!(Arc::ptr_eq(&manager.get_ref().made, &theirs.made));
}

#[test]
fn a_manager_of_bb8_is_asked_for_everything() {
    let theirs = Theirs::default();
    let manager = Bb8Manager::new(theirs.clone());
    let mut made: Vec<_> = (0..4).map(|_| now(manager.connect()).unwrap()).collect();
    assert_eq!(made, [0, 1, 2, 3]);
    assert_eq!(now(manager.connect()).unwrap_err().to_string(), "full");
    let broken: Vec<_> = made.iter_mut().map(|c| manager.is_broken(c)).collect();
    assert_eq!(broken, [false, false, false, true]);
    let valid: Vec<_> = made
        .iter_mut()
        .map(|c| now(manager.check(c)).is_ok())
        .collect();
    assert_eq!(valid, [true, false, true, false]);
    assert_eq!(theirs.checked.load(Ordering::Relaxed), 4);
    assert!(Arc::ptr_eq(&manager.get_ref().made, &theirs.made));
}

#[test]
fn an_error_that_several_threads_cannot_share_is_made_into_one_that_they_can() {
    let manager = R2d2Manager::with_error(WithLonely::default(), |error| error.to_string());
    assert_eq!(manager.connect().unwrap(), 0);
    assert_eq!(manager.check(&mut 1).unwrap_err(), "odd");

    let manager = Bb8Manager::with_error(WithMute::default(), |error| format!("{error:?}"));
    assert_eq!(now(manager.connect()).unwrap(), 0);
    assert_eq!(now(manager.check(&mut 1)).unwrap_err(), "Mute(\"odd\")");
}
