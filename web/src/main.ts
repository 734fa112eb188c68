import { createApp } from 'vue'
import './styles/tokens.css'
import './styles/base.css'
import './shell/theme'
import App from './App.vue'
import { router } from './shell/router'
import { leaveKeysToInput } from './ui/composing'

leaveKeysToInput(window)
createApp(App).use(router).mount('#app')
