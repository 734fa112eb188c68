/* The service worker's entry: notifications alone. */
import { listenForPush, type PushScope } from './push'

listenForPush(self as unknown as PushScope)
