// The page: one state (`session`), changed by what the server says and by what the person does.
//
//   key, button, swipe, clock -> session/store -> reduce -> state -> components
//                                   |  ^
//                                   v  | messages
//                           session/connection <-> server

import { render } from 'preact'
import { App } from './App'
import { windUp } from './auto/auto'
import { applyTheme } from './frame/theme'
import { payAttention } from './session/attention'
import { begin } from './session/store'
import './style/colors.css'
import './style/page.css'
import './style/picture.css'
import './style/stage.css'
import './style/panel.css'
import './style/history.css'
import './style/keys.css'

applyTheme()
payAttention()
begin()
windUp()
const place = document.getElementById('page')
if (place) render(<App />, place)
