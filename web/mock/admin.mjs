// Routes of the administration screens: board, policy, procedure, intake, setup.
export function adminRoutes(_router) {}
