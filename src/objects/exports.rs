//! What the platform calls of an object's class.
//!
//! In the place of `worker`'s `#[durable_object]`, under which each method of each class has its own copy of what makes a
//! promise of a future and catches its panic: here all are of one type.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::JsValue;
use worker::wasm_bindgen_futures::future_to_promise;
use worker::{Response, Result, WebSocketIncomingMessage};

/// What a method comes to.
type Work = Pin<Box<dyn Future<Output = Result<JsValue>>>>;

/// The promise of what a method comes to. A panic rejects it.
pub fn promise(work: Work) -> Promise {
    future_to_promise(AssertUnwindSafe(async move { work.await.map_err(JsValue::from) }))
}

pub fn response(response: Response) -> JsValue {
    web_sys::Response::from(response).into()
}

pub fn message(value: &JsValue) -> WebSocketIncomingMessage {
    match value.as_string() {
        Some(text) => WebSocketIncomingMessage::String(text),
        None => WebSocketIncomingMessage::Binary(Uint8Array::new(value).to_vec()),
    }
}

/// Exports a [`worker::DurableObject`] that clones as a handle of itself.
macro_rules! export {
    ($class:ident) => {
        impl worker::has_durable_object_attribute for $class {}

        #[wasm_bindgen::prelude::wasm_bindgen]
        impl $class {
            #[wasm_bindgen(constructor)]
            pub fn create(state: worker_sys::DurableObjectState, env: worker::Env) -> Self {
                worker::DurableObject::new(state.into(), env)
            }

            #[wasm_bindgen(js_name = fetch)]
            pub fn on_fetch(&self, request: web_sys::Request) -> js_sys::Promise {
                let object = self.clone();
                $crate::objects::exports::promise(Box::pin(async move {
                    let answer = worker::DurableObject::fetch(&object, request.into()).await;
                    answer.map($crate::objects::exports::response)
                }))
            }

            #[wasm_bindgen(js_name = alarm)]
            pub fn on_alarm(&self) -> js_sys::Promise {
                let object = self.clone();
                $crate::objects::exports::promise(Box::pin(async move {
                    worker::DurableObject::alarm(&object).await.map($crate::objects::exports::response)
                }))
            }

            #[wasm_bindgen(js_name = webSocketMessage)]
            pub fn on_message(
                &self,
                socket: web_sys::WebSocket,
                message: wasm_bindgen::JsValue,
            ) -> js_sys::Promise {
                let object = self.clone();
                $crate::objects::exports::promise(Box::pin(async move {
                    let message = $crate::objects::exports::message(&message);
                    let done =
                        worker::DurableObject::websocket_message(&object, socket.into(), message).await;
                    done.map(|()| wasm_bindgen::JsValue::NULL)
                }))
            }

            #[wasm_bindgen(js_name = webSocketClose)]
            pub fn on_close(
                &self,
                socket: web_sys::WebSocket,
                code: usize,
                reason: String,
                clean: bool,
            ) -> js_sys::Promise {
                let object = self.clone();
                $crate::objects::exports::promise(Box::pin(async move {
                    let socket = socket.into();
                    let done =
                        worker::DurableObject::websocket_close(&object, socket, code, reason, clean).await;
                    done.map(|()| wasm_bindgen::JsValue::NULL)
                }))
            }

            #[wasm_bindgen(js_name = webSocketError)]
            pub fn on_error(
                &self,
                socket: web_sys::WebSocket,
                error: wasm_bindgen::JsValue,
            ) -> js_sys::Promise {
                let object = self.clone();
                $crate::objects::exports::promise(Box::pin(async move {
                    let done =
                        worker::DurableObject::websocket_error(&object, socket.into(), error.into()).await;
                    done.map(|()| wasm_bindgen::JsValue::NULL)
                }))
            }
        }
    };
}
pub(super) use export;
